# Runs a command in a terminal of its own, and answers what it asks.
# python3 terminal.py '[["question", "answer"], ...]' command argument ...
import json, os, pty, sys

answers = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
unread = b""
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:  # the command has ended
        break
    if not data:
        break
    os.write(1, data)
    unread += data
    if answers and answers[0][0].encode() in unread:
        os.write(terminal, answers.pop(0)[1].encode() + b"\r")
        unread = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
