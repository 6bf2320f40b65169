/* commands.h -- the commands of the program; each takes argv behind the program's name and returns the
   exit code. */
#ifndef COMMANDS_H
#define COMMANDS_H

int command_list(int argc, char **argv);
int command_describe(int argc, char **argv);
int command_run(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_baseline(int argc, char **argv);
int command_plot(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_report(int argc, char **argv);
int command_apply(int argc, char **argv);
int command_apply_child(int argc, char **argv); /* the process that computes */
int command_weights(int argc, char **argv);
int command_weights_child(int argc, char **argv); /* the process that computes and draws */
int command_check(int argc, char **argv);
int command_check_child(int argc, char **argv); /* the worker of check */

#endif
