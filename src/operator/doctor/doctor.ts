import { withDeadline } from '../../async/deadline.js';
import { reasonOf } from '../../relay/outage-log.js';
import { BROKER_CHECKS } from './broker-checks.js';
import { DATABASE_CHECKS } from './database-checks.js';
import { DNS_CHECKS } from './dns-checks.js';
import { type Finding, findingsAbout } from './finding.js';
import type { Check, Ground } from './ground.js';
import { MACHINE_CHECKS } from './machine-checks.js';
import { QUEUE_CHECKS } from './queue-checks.js';
import { RIGHTS_CHECKS } from './rights-checks.js';
import { settingsFindings } from './settings-checks.js';
import { SMTP_CHECKS } from './smtp-checks.js';
import { WEB_CHECKS } from './web-checks.js';

const CHECKS: readonly Check[] = [
  ...DATABASE_CHECKS,
  ...RIGHTS_CHECKS,
  ...QUEUE_CHECKS,
  ...SMTP_CHECKS,
  ...DNS_CHECKS,
  ...WEB_CHECKS,
  ...BROKER_CHECKS,
  ...MACHINE_CHECKS,
];

export interface Examination {
  /** Told each finding as soon as there is one. */
  readonly show: (finding: Finding) => void;
  /** Told what is being asked; undefined when that is over. */
  readonly asking: (what: string | undefined) => void;
}

/** Looks at everything that the settings name, and changes nothing of it. @returns every finding */
export async function examine(ground: Ground, { show, asking }: Examination): Promise<Finding[]> {
  const found: Finding[] = [];
  const take = (findings: readonly Finding[]): void => {
    asking(undefined);
    for (const finding of findings) {
      found.push(finding);
      show(finding);
    }
  };
  take(settingsFindings(ground));
  for (const check of CHECKS) {
    if (check.needsDatabase === true && !ground.client) continue;
    asking(check.asks(ground));
    take(await outcomeOf(check, ground));
  }
  return found;
}

/** A check that fails itself, or takes too long, says nothing about what it checks. */
async function outcomeOf(check: Check, ground: Ground): Promise<readonly Finding[]> {
  try {
    return await withDeadline(check.withinMs, () => check.run(ground));
  } catch (error) {
    return [findingsAbout(check.about).unknown(`could not be asked: ${reasonOf(error)}`)];
  }
}
