// The first import of what is started from a terminal. It is evaluated before every other module, and so before an older Node fails
// on unknown syntax with an unhelpful message.
import { objectionToNode } from './node-version.js';

const objection = objectionToNode(process.versions.node, process.execPath);
if (objection !== undefined) {
  console.error(`\n${objection}\n`);
  process.exit(1);
}
