// fastapi-users from PyPI behind uvicorn, with SQLAlchemy and asyncpg, as its documentation does it. It needs Python 3.10 with venv.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, freePort, installed, startDatabase, startProgram } from './program.mjs';

const VERSION = '15.0.5';
const REQUIREMENTS = [
  `fastapi-users[sqlalchemy]==${VERSION}`,
  'fastapi==0.163.2',
  'uvicorn[standard]==0.54.0',
  'asyncpg==0.32.0',
];
const APPLICATION = join(import.meta.dirname, 'fastapi_users_application.py');

export async function start({ hash }) {
  const python = await install();
  const database = await startDatabase();
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const program = await startProgram({
    command: python,
    args: [APPLICATION],
    env: { DATABASE_URL: database.url.replace(/^\w+:/, 'postgresql+asyncpg:'), PORT: String(port), HASH: hash },
    cwd: join(CACHE, `fastapi-users-${VERSION}`),
    ready: `${url}/ready`,
  });
  return {
    ...{ url, version: VERSION, startMs: program.startMs, database, options: {} },
    pids: () => [program.pid],
    stop: async () => {
      await program.stop();
      await database.stop();
    },
  };
}

async function install() {
  const home = join(CACHE, `fastapi-users-${VERSION}`);
  const python = join(home, 'bin/python');
  if (existsSync(join(home, 'installed'))) return python;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...REQUIREMENTS];
  await installed(`fastapi-users ${VERSION}`, home, [
    { command: 'python3', args: ['-m', 'venv', home], cwd: CACHE },
    { command: python, args },
  ]);
  writeFileSync(join(home, 'installed'), '');
  return python;
}
