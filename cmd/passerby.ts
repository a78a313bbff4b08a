/** Entry of the `passerby` command: says in one line what it needs where Node is too old for the rest to be read. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await import("./main.ts");
} else {
  process.stderr.write(
    `passerby needs Node 22.18 or newer, this is ${process.versions.node}: ` +
      "inside the repository use npm run --silent passerby -- <subcommand>\n",
  );
  process.exitCode = 2;
}
