// Questions to the person at the terminal.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Whether there is a person to ask. */
export const isInteractive = () => Boolean(process.stdin.isTTY && process.stdout.isTTY && !process.env.CI);

/** Asks until `check` returns no complaint about the answer. */
export async function ask(question, check = () => undefined) {
  return asking(process.stdout, (prompt) => prompt.question(question), check);
}

/** As {@link ask}; the answer is not shown. `input` is where it is typed, and `shown` where the question is written. */
export async function askHidden(
  question,
  check = () => undefined,
  { input = process.stdin, shown = process.stdout } = {},
) {
  const silent = new Writable({ write: (_data, _encoding, done) => done() });
  return asking(
    silent,
    async (prompt) => {
      shown.write(question);
      const answer = await prompt.question("");
      shown.write("\n");
      return answer;
    },
    check,
    input,
  );
}

async function asking(output, question, check, input = process.stdin) {
  const prompt = createInterface({ input, output, terminal: true });
  prompt.on("SIGINT", () => process.exit(130));
  try {
    for (;;) {
      const answer = (await question(prompt)).trim();
      const complaint = check(answer);
      if (complaint === undefined) return answer;
      console.log(`  ${complaint}`);
    }
  } finally {
    prompt.close();
  }
}
