/** Roster is built for this Node and tested on it (ADR 0012). `engines` in package.json says the same. */
const OLDEST_NODE = 24;

/**
 * What to say where Roster does not run; undefined where it does.
 * @param version of Node: `20.19.4`
 * @param program the path of this Node
 */
export function objectionToNode(version: string, program: string): string | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_NODE) return undefined;
  return (
    `Roster needs Node ${OLDEST_NODE} or newer, and this is Node ${version} (${program}).\n` +
    'Install a newer one: https://nodejs.org/en/download\n' +
    'In a checkout of Roster, npm ci (without --omit=dev) brings one, and the scripts run on it: npm start, npm run start:prod.'
  );
}
