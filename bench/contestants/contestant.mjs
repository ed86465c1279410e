import { prepared } from "../lib/operations.mjs";

/** The number of groups that each member is in, at every contestant: they are part of a user in an answer. */
export const GROUPS = 4;

/** A contestant that speaks SCIM. `cannot(operation)` is the reason why it cannot do an operation, or undefined. */
export function scimContestant(name, { pid, client, directory, cannot = () => undefined, stop = () => {} }) {
  const read = async (path) => JSON.parse((await client.expect({ method: "GET", path })).text);
  return {
    name,
    pid,
    cannot,
    /** @returns a function that does the operation for the ith time, and resolves with the answers, last first */
    prepare(operation, i) {
      const run = prepared(operation, directory, i);
      return () => run((request) => client.expect(request));
    },
    /** Whether these are the right answers. */
    async isRight(operation, i, answers) {
      const bodies = answers.map(({ text }) => (text ? JSON.parse(text) : undefined));
      return operation.right(directory, i, bodies, read);
    },
    close() {
      client.close();
      return stop();
    },
  };
}
