import { prepared } from "../lib/operations.mjs";

/** How many groups the members are in, at every contestant: it is part of what a person is answered with. */
export const GROUPS = 4;

/** Somebody who speaks SCIM. `cannot(operation)` says why not, if there is a reason. */
export function scimContestant(name, { pid, client, directory, cannot = () => undefined, stop = () => {} }) {
  const read = async (path) => JSON.parse((await client.expect({ method: "GET", path })).text);
  return {
    name,
    pid,
    cannot,
    /** The operation for the ith time: a function that does it, and resolves with the answers, the last one first. */
    prepare(operation, i) {
      const run = prepared(operation, directory, i);
      return () => run((request) => client.expect(request));
    },
    /** Whether these are the answers. What is fast and wrong is worth nothing. */
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
