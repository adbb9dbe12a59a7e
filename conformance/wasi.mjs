// Runs a WASI command module under node: node wasi.mjs MODULE FOLDER ARGUMENTS...
// The command sees FOLDER as `/`, and no other file of the machine.
import { readFile } from "node:fs/promises";
import { argv, exit } from "node:process";
import { WASI } from "node:wasi";

const [module, folder, ...args] = argv.slice(2);
if (!folder) {
  console.error("usage: node wasi.mjs MODULE FOLDER ARGUMENTS...");
  exit(2);
}
const wasi = new WASI({
  version: "preview1",
  args: ["lockstep", ...args],
  env: {},
  preopens: { "/": folder },
  returnOnExit: true,
});
const compiled = await WebAssembly.compile(await readFile(module));
const instance = await WebAssembly.instantiate(compiled, wasi.getImportObject());
exit(wasi.start(instance));
