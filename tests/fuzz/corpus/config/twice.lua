sweep {} sweep {}
