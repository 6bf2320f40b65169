sweep {}
