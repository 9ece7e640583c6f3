import * as parse from './parsers.js';
import { required, secret } from './setting.js';

/** The settings of the process, its address and its database, in the order of `.env.example`. */
export const SERVER_TABLE = {
  NODE_ENV: required(
    parse.oneOf('development', 'test', 'production'),
    'development',
    'production refuses placeholder secrets and the embedded database and mailbox',
  ),
  PORT: required(parse.integer(0, 65535), '3000', 'port of the HTTP server'),
  HOST: required(parse.text, '127.0.0.1', 'address the HTTP server listens on (the image sets 0.0.0.0)'),
  SHUTDOWN_DELAY: required(
    parse.duration,
    '1s',
    'how long after SIGTERM connections are still accepted, while readiness is 503: as long as load balancers take to notice',
  ),
  SHUTDOWN_TIMEOUT: required(
    parse.duration,
    '10s',
    'how long after SIGTERM the process ends at the latest; requests are answered until 4 seconds before; at least SHUTDOWN_DELAY and 6 seconds',
  ),
  PUBLIC_URL: required(
    parse.baseUrl,
    'http://localhost:3000',
    'public base URL (follows PORT when unset), such as https://accounts.example.com or https://example.com/accounts; links in mails are built from it, never from a Host header',
  ),
  DATABASE_URL: secret(
    parse.url('postgres:', 'postgresql:'),
    'PostgreSQL 15 or newer; when unset, an embedded one is started under DATA_DIR',
  ),
  DATABASE_DIRECT_URL: secret(
    parse.url('postgres:', 'postgresql:'),
    'the same database, bypassing a pooler in transaction mode; for migrations, commands, jobs, LISTEN and locks',
  ),
  READ_DATABASE_URL: secret(
    parse.url('postgres:', 'postgresql:'),
    'a streaming standby of the same database, for lists, history and export while it keeps up; never for sessions',
  ),
  MIGRATION_DATABASE_URL: secret(
    parse.url('postgres:', 'postgresql:'),
    'the same database, connecting as the schema owner; also bypassing a pooler',
  ),
};
