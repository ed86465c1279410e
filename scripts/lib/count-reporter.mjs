// A reporter for node:test that writes nothing but the totals, as JSON.
export default async function* counts(events) {
  for await (const { type, data } of events) {
    // Each file has a summary; the one without a file is that of the whole run.
    if (type === "test:summary" && data.file === undefined) yield JSON.stringify(data.counts);
  }
}
