/** The Node version that Roster is built for and tested on (ADR 0012), as in `engines` of package.json. */
const OLDEST_NODE = 24;

/**
 * The message for an unsupported Node version; undefined if it is supported.
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
