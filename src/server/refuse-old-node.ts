// The first import of what is started from a terminal. It is evaluated before every other module, and so before an older Node stops at
// something that it does not know, with words that help nobody.
import { objectionToNode } from './node-version.js';

const objection = objectionToNode(process.versions.node, process.execPath);
if (objection !== undefined) {
  console.error(`\n${objection}\n`);
  process.exit(1);
}
