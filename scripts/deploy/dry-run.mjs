// npm run deploy -- --dry-run: what needs no account, and the commands for the rest.
import { wrangler } from "./wrangler.mjs";

/** wrangler's own dry run, with the configuration of `args`; then the commands, which work without those ids. */
export async function dryRun(configuration, args, jurisdiction) {
  await wrangler(["deploy", "--dry-run", ...args], { shown: true });
  const commands = commandsOf(configuration, jurisdiction);
  console.log(`\nNothing was changed. Without --dry-run, what these commands do would follow:\n\n${commands}`);
}

function commandsOf({ env = "", databases, vars }, jurisdiction = "none") {
  const where = jurisdiction === "none" ? "" : ` --jurisdiction ${jurisdiction}`;
  const environment = ` --env=${env || '""'}`;
  const lines = [
    ...databases.map(({ name }) => [`d1 create ${name}${where}`, "if the account lacks it"]),
    ...databases.map(({ binding }) => [`d1 migrations apply ${binding} --remote${environment}`, ""]),
    [`deploy${environment}`, "creates the KV namespace and the queue too"],
    ...(vars.ACCESS_TEAM ? [] : [[`secret put ADMIN_TOKEN${environment}`, "if there is none yet"]]),
  ];
  const width = Math.max(...lines.map(([command]) => command.length)) + 3;
  return lines
    .map(([command, note]) => `  npx wrangler ${note ? `${command.padEnd(width)}# ${note}` : command}`)
    .join("\n");
}
