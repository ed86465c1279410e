// Loaded by `node -r` before each command, in the syntax of the oldest Node: an older one cannot even read the others.
var needed = [20, 11];
var parts = process.versions.node.split(".").map(Number);
if (parts[0] < needed[0] || (parts[0] === needed[0] && parts[1] < needed[1])) {
  console.error("\nNode " + needed.join(".") + " or newer is needed, and this is " + process.version + ".");
  console.error("Install a newer one from https://nodejs.org or with your version manager, and run this again.");
  process.exit(1);
}
if (process.platform === "win32") {
  console.error("\nWindows by itself is not supported: run this under WSL, the Windows Subsystem for Linux.");
  process.exit(1);
}
