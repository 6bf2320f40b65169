#!/usr/bin/lua
sweep {}
