import { aptInstall } from "./apt.mjs";
import { ask, logged, step } from "./run.mjs";

/** Installs rustfmt and clippy for native cargo if they are missing. */
export async function linters(native) {
  const has = (name) => ask("cargo", [name, "--version"], native) !== undefined;
  if (has("fmt") && has("clippy")) return;
  await step("Installing rustfmt and clippy", () =>
    ask("rustup", ["--version"], native) === undefined
      ? aptInstall(["rustfmt-web", "rust-web-clippy"], "rustfmt or clippy is missing")
      : logged("rustup-component-add", "rustup", ["component", "add", "rustfmt", "clippy"], { env: native }),
  );
}
