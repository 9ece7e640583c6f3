import './server/refuse-old-node.js';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Server from './serve.js';

const DIST = import.meta.dirname;
// The server and its packages in one file, if the build made it (scripts/bundle.mjs); otherwise module by module.
const BUNDLE = join(DIST, 'bundle/serve.js');

// V8's code is kept beside the code that it comes from, where it is as safe as that. The build puts it there; if the server may not write
// there, it only reads it.
nodeModule.enableCompileCache(process.env['NODE_COMPILE_CACHE'] ?? join(DIST, 'compiled'));
const server = (await import(existsSync(BUNDLE) ? pathToFileURL(BUNDLE).href : './serve.js')) as typeof Server;
server.run();
