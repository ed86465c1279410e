// Runs a program in Ruby as WebAssembly. Its arguments are the folder with the packages, and the program's file. Node's
// own WASI would crash at random under Ruby.
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const packages = join(folder, "node_modules");
const load = (path) => import(pathToFileURL(join(packages, path)).href);
const { ConsoleStdout, File, OpenFile, WASI } = await load("@bjorn3/browser_wasi_shim/dist/index.js");
const { RubyVM } = await load("@ruby/wasm-wasi/dist/esm/index.js");
const into = (descriptor) => new ConsoleStdout((bytes) => writeSync(descriptor, bytes));
const wasip1 = new WASI([], [], [new OpenFile(new File(readFileSync(0))), into(1), into(2)], { debug: false });
const module = await WebAssembly.compile(readFileSync(join(packages, "@ruby/3.4-wasm-wasi/dist/ruby+stdlib.wasm")));
const { vm } = await RubyVM.instantiateModule({ module, wasip1 });
vm.eval("$stdout.sync = true");
vm.eval(readFileSync(file, "utf8"));
