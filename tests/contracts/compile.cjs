// Compiles every .sol file beside it into build/contracts.json: { name: { abi, bytecode, runtime } }.
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const folder = __dirname;
const names = fs.readdirSync(folder).filter((name) => name.endsWith(".sol"));
const sources = Object.fromEntries(
  names.map((name) => [name, { content: fs.readFileSync(path.join(folder, name), "utf8") }]),
);
const fromPackages = (name) => {
  try {
    return { contents: fs.readFileSync(path.join(folder, "node_modules", name), "utf8") };
  } catch (error) {
    return { error: String(error) };
  }
};
const settings = {
  evmVersion: "cancun",
  optimizer: { enabled: true, runs: 200 },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};
const input = JSON.stringify({ language: "Solidity", sources, settings });
const output = JSON.parse(solc.compile(input, { import: fromPackages }));
const errors = (output.errors || []).filter((error) => error.severity === "error");
if (errors.length > 0) {
  console.error(errors.map((error) => error.formattedMessage).join("\n"));
  process.exit(1);
}
const compiled = {};
for (const name of names) {
  for (const [contract, { abi, evm }] of Object.entries(output.contracts[name] || {})) {
    compiled[contract] = {
      abi,
      bytecode: "0x" + evm.bytecode.object,
      runtime: "0x" + evm.deployedBytecode.object,
    };
  }
}
fs.mkdirSync(path.join(folder, "build"), { recursive: true });
const target = path.join(folder, "build", "contracts.json");
fs.writeFileSync(target + ".new", JSON.stringify(compiled));
fs.renameSync(target + ".new", target);
