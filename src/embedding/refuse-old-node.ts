// The first import of the package, as src/server/refuse-old-node.ts is of the server. What to do about it is the application's matter.
import { objectionToNode } from '../server/node-version.js';

const objection = objectionToNode(process.versions.node, process.execPath);
if (objection !== undefined) throw new Error(objection);
