// Keycloak from Maven Central, built for PostgreSQL and started for production. It needs Java and Maven.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { URL } from 'node:url';
import { CACHE, freePort, installed, runOnce, startDatabase, startProgram } from './program.mjs';

const VERSION = '26.7.3';
const ADMIN = { admin: 'admin', password: 'measured nine times over' };

export async function start({ hash }) {
  const home = await install();
  const tables = `${home}-tables`;
  if (!existsSync(tables)) await makeTables(home, tables);
  const database = await startDatabase(tables);
  const { url, keycloak } = await startOn(database, home);
  return {
    ...{ url, version: VERSION, startMs: keycloak.startMs, database },
    options: { ...ADMIN, ...(hash === 'cheap' && { policy: 'hashAlgorithm(pbkdf2-sha512) and hashIterations(1)' }) },
    pids: () => [keycloak.pid],
    stop: async () => {
      await keycloak.stop();
      await database.stop();
    },
  };
}

/** Its first start makes them, in minutes on a busy machine; they are kept beside the program. */
async function makeTables(home, tables) {
  const database = await startDatabase();
  const { keycloak } = await startOn(database, home);
  await keycloak.stop();
  await database.stop(tables);
}

async function startOn(database, home) {
  const { hostname, port: databasePort, username, password, pathname } = new URL(database.url);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = {
    KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.admin,
    KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    KC_DB_URL: `jdbc:postgresql://${hostname}:${databasePort}${pathname}`,
    KC_DB_USERNAME: username,
    KC_DB_PASSWORD: decodeURIComponent(password),
    KC_HTTP_ENABLED: 'true',
    KC_HTTP_HOST: '127.0.0.1',
    KC_HTTP_PORT: String(port),
    KC_HOSTNAME_STRICT: 'false',
    // One server: nothing to find others for.
    KC_CACHE: 'local',
  };
  const keycloak = await startProgram({
    command: join(home, 'bin/kc.sh'),
    args: ['start', '--optimized'],
    env,
    cwd: home,
    ready: `${url}/realms/master/.well-known/openid-configuration`,
    patienceSeconds: 900,
  });
  return { url, keycloak };
}

async function install() {
  const home = join(CACHE, `keycloak-${VERSION}`);
  if (existsSync(join(home, 'built'))) return home;
  const download = `${home}-download`;
  for (const folder of [home, download]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const artifact = `org.keycloak:keycloak-quarkus-dist:${VERSION}:tar.gz`;
  const goal = ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${download}`];
  await installed(`Keycloak ${VERSION}`, home, [{ command: 'mvn', args: ['--batch-mode', '--quiet', ...goal] }]);
  const [archive] = readdirSync(download);
  await runOnce({
    command: 'tar',
    args: ['-xzf', join(download, archive), '-C', home, '--strip-components=1'],
    cwd: home,
  });
  const build = ['build', '--db=postgres', '--cache=local'];
  await runOnce({ command: join(home, 'bin/kc.sh'), args: build, cwd: home });
  mkdirSync(join(home, 'built'));
  rmSync(download, { recursive: true });
  return home;
}
