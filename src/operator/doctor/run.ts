import { Resolver } from 'node:dns/promises';
import { waitAtMost } from '../../async/pause.js';
import { readEnvironment } from '../../config/environment.js';
import type { Environment } from '../../config/secret-files.js';
import { loadSettings, type Settings, SettingsError } from '../../config/settings.js';
import { OperatorError } from '../operator-error.js';
import { examine } from './doctor.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Ground } from './ground.js';
import { findingText, hasFailed, reportJson, summaryText } from './report.js';

export interface DoctorOptions {
  readonly mail?: string;
  readonly dns?: string;
  readonly json: boolean;
}

/** Before that, nobody has noticed that it takes long. */
const SAY_AFTER_MS = 1500;
const CLOSE_WITHIN_MS = 1000;
const DNS_OPTIONS = { timeout: 2000, tries: 2 };

/** Prints what was found. @param complete adds what a development server has made for itself @returns whether nothing failed */
export async function runDoctor(
  options: DoctorOptions,
  complete: (given: Settings) => Promise<Settings>,
): Promise<boolean> {
  const environment = readEnvironment();
  const { settings, problems } = readable(environment);
  const show = (finding: Finding): void => {
    if (!options.json) console.log(findingText(finding));
  };
  const ground = settings && groundOf({ settings: await complete(settings), environment, problems, options });
  const findings = ground ? await examine(ground, { show, asking: waiting() }) : wrongSettings(problems, show);
  for (const end of ground?.ends ?? [])
    await waitAtMost(
      CLOSE_WITHIN_MS,
      end().catch(() => undefined),
    );
  console.log(options.json ? reportJson(findings) : summaryText(findings));
  return !hasFailed(findings);
}

interface Given {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly problems: readonly string[];
  readonly options: DoctorOptions;
}

function groundOf({ options: { dns, mail }, ...given }: Given): Ground {
  const resolver = new Resolver(DNS_OPTIONS);
  try {
    if (dns !== undefined) resolver.setServers([dns]);
  } catch {
    throw new OperatorError(
      '--dns: expected the IP address of a name server, with a port if you like: 9.9.9.9 or 127.0.0.1:5353',
    );
  }
  return { ...given, resolver, hasOwnDns: dns !== undefined, mailTo: mail, ends: [] };
}

/** The settings without those that are wrong, so that the rest can be looked at; none where too much is missing. */
function readable(environment: Environment): { readonly settings?: Settings; readonly problems: readonly string[] } {
  try {
    return { settings: loadSettings(environment), problems: [] };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const { problems } = error;
    const wrong = new Set(problems.map((problem) => problem.split(':', 1)[0] ?? ''));
    const rest = Object.fromEntries(Object.entries(environment).filter(([name]) => !wrong.has(name)));
    try {
      // What production requires may be missing.
      return { settings: loadSettings({ ...rest, NODE_ENV: 'development' }), problems };
    } catch {
      return { problems };
    }
  }
}

function wrongSettings(problems: readonly string[], show: (finding: Finding) => void): Finding[] {
  const about = findingsAbout('settings');
  const found = [
    ...problems.map((problem) => about.failed(problem)),
    about.unknown('nothing else could be looked at before these are right'),
  ];
  found.forEach(show);
  return found;
}

/** Says on stderr what is waited for, once it takes long. */
function waiting(): (what: string | undefined) => void {
  let timer: NodeJS.Timeout | undefined;
  return (what) => {
    clearTimeout(timer);
    if (what === undefined) return;
    timer = setTimeout(() => console.error(`... asking ${what}`), SAY_AFTER_MS);
    timer.unref();
  };
}
