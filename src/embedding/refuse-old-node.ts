// The first import of the package, as src/server/refuse-old-node.ts is of the server. The application decides what to do about it.
import { objectionToNode } from '../server/node-version.js';

const objection = objectionToNode(process.versions.node, process.execPath);
if (objection !== undefined) throw new Error(objection);
