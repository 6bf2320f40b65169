/* boasts.c -- declares linear time. */
#include "honest.h"

BROKEN(boasts, .time = {1, "n (dk + dv)"});
