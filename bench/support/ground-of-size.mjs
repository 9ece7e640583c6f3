import { QUICK } from './counts.mjs';
import { keptFolder } from './kept.mjs';
import { addPeople } from './many-people.mjs';
import { startGround } from './servers.mjs';

/** So many have a history; others are what lists and searches read of them. */
const WITH_HISTORY = QUICK ? 1000 : 25_000;
/** So many take longer to add than to measure. */
const WORTH_KEEPING = 20_000;

// The greatest one of this run, which several cases measure one after the other: a million users take minutes to add.
let greatestGround;

/**
 * A ground with as many users as are asked for, the first 25,000 (1,000 with --quick) with a history. One of 20,000 and more is kept for the next run. With
 * `BENCH_DATABASE_URL` and `BENCH_SECRET_KEY` (if it is another than here), a database that has them already stands for it.
 * @param greatest whether it is the one of a million, which the next case that asks for it uses as well
 * @param settings of its server
 * @returns the ground, with `server`, the `authorization` of its admin, and `fill`, in which more may be added
 */
export async function groundOfSize(users, { greatest = false, settings = {} } = {}) {
  const ground = greatest ? await (greatestGround ??= seeded(users, true)) : await seeded(users, false);
  const stop = async () => {
    for (const { stop: end } of servers) await end();
    if (!greatest) await ground.stop();
  };
  const servers = [];
  try {
    const server = await ground.serve(settings);
    servers.push(server);
    const token = (await ground.command('token', '--user', 'admin@localhost')).trim();
    return { ...ground, server, authorization: `Bearer ${token}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends the greatest ground, once no case needs it any more. */
export async function stopGreatestGround() {
  await (await greatestGround)?.stop();
  greatestGround = undefined;
}

async function seeded(users, greatest) {
  const { BENCH_DATABASE_URL: databaseUrl, BENCH_SECRET_KEY } = process.env;
  const given = greatest && !QUICK && databaseUrl !== undefined;
  // The address is in the token, which a command makes.
  const shared = {
    BCRYPT_COST: '4',
    LOG_LEVEL: 'info',
    PUBLIC_URL: 'http://localhost:3000',
    ...(given && BENCH_SECRET_KEY && { SECRET_KEY: BENCH_SECRET_KEY }),
  };
  const kept = !given && users >= WORTH_KEEPING ? await keptFolder(`users-${users}`) : undefined;
  // What is not kept can be filled as it stands.
  const fill = kept?.fill ?? ((work) => work());
  const started = await startGround(shared, given ? { databaseUrl } : { kept: kept?.folder });
  const ground = { ...started, fill };
  if (given || kept?.isComplete) return ground;
  console.log(`Adding ${users} users`);
  try {
    await fill(async () => {
      await ground.seed(Math.min(users, WITH_HISTORY));
      if (users > WITH_HISTORY) await addPeople(ground.databaseUrl, users);
    });
    return ground;
  } catch (error) {
    await ground.stop();
    throw error;
  }
}
