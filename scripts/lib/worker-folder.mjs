// Which Worker the commands serve, and what they need for it.
import { compiledWorker } from "./artefact.mjs";
import { build } from "./build.mjs";
import { BUILD } from "./built.mjs";
import { npmPackages } from "./npm.mjs";
import { enoughDisk } from "./toolchain.mjs";

/** The folder of a Worker that fits the sources. It is compiled if there is none, or if `wanted`. */
export async function workerFolder(wanted = false) {
  enoughDisk();
  const { folder, why } = wanted ? { why: "--build was given" } : compiledWorker();
  if (folder) {
    await npmPackages({ all: false });
    return folder;
  }
  console.log(`${why}: the Worker is compiled now. The first time takes some minutes.`);
  await build();
  return BUILD;
}
