import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { PACKAGE_ROOT } from '../../config/package-root.js';
import { callbackUrlOf } from '../../config/provider-settings.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { lastVerification } from '../../events/log-verifications.js';
import { type CheckResult, HealthChecks, statusOf } from '../../ops/health-checks.js';
import { HEALTH_WORDS, type HealthLocale, type HealthWords } from './health-words.js';
import type {
  CheckDetails,
  HealthDetails,
  ProviderDetails,
  QueueDetails,
  Verification,
  Versions,
} from './health-details.dto.js';
import { ProviderUses } from './provider-use.js';
import { type QueueState, Queues } from './queues.js';
import { settingsInEffect, withoutPasswords } from './settings-in-effect.js';

const STARTED = new Date(Date.now() - process.uptime() * 1000);

/** The health of this server and its installation in words, for those who look after it. */
@Injectable()
export class HealthDetailsService {
  constructor(
    @InjectSettings() private readonly settings: Settings,
    private readonly dataSource: DataSource,
    private readonly health: HealthChecks,
    private readonly queues: Queues,
    private readonly uses: ProviderUses,
  ) {}

  /** What cannot be read while the database is away is empty: the checks then say why. */
  async read(locale: HealthLocale): Promise<HealthDetails> {
    const words = HEALTH_WORDS[locale];
    const results = await this.health.results();
    const queues = await this.queues.read().catch(() => []);
    return {
      status: statusOf(results),
      checks: results.map((result) => checkInWords(result, words)),
      queues: queues.map((queue) => queueInWords(queue, words)),
      versions: await this.versions(),
      verification: await this.verification(words),
      providers: await this.providers(),
      settings: settingsInEffect(this.settings),
    };
  }

  private async providers(): Promise<ProviderDetails[]> {
    const { providers, PUBLIC_URL } = this.settings;
    const uses = await this.uses.read(providers.map(({ id }) => id)).catch(() => undefined);
    return providers.map(({ id, name, preset, issuer, isTrusted }) => {
      const { identities = null, lastUsedAt } = uses?.get(id) ?? {};
      const use = { identities, lastUsedAt: lastUsedAt?.toISOString() ?? null };
      return { id, name, preset, issuer, isTrusted, callbackUrl: callbackUrlOf(PUBLIC_URL, id), ...use };
    });
  }

  private async versions(): Promise<Versions> {
    const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };
    const [row] = await this.dataSource
      .query<{ postgres: string; schema: string | null }[]>(
        `SELECT current_setting('server_version') AS postgres, (SELECT name FROM migrations ORDER BY timestamp DESC LIMIT 1) AS schema`,
      )
      .catch(() => []);
    const { postgres = null, schema = null } = row ?? {};
    return { roster: version, node: process.versions.node, postgres, schema, startedAt: STARTED.toISOString() };
  }

  private async verification(words: HealthWords): Promise<Verification> {
    const last = await lastVerification(this.dataSource).catch(() => undefined);
    if (!last) {
      const nothing = { users: 0, events: 0, faults: 0, seconds: 0, withCheckpoint: false };
      return { ...nothing, text: words.neverVerified, finishedAt: null };
    }
    const text = last.faults === 0 ? words.verified : words.faulty(last.faults);
    return { ...last, text, finishedAt: last.finishedAt.toISOString() };
  }
}

function checkInWords({ name, state, vital, since, reason }: CheckResult, words: HealthWords): CheckDetails {
  const of = words.checks[name] ?? words.sink(name);
  const isUp = state === 'up';
  return {
    ...{ name, state, vital, since: since.toISOString() },
    text: isUp ? of.up : of.down,
    advice: isUp ? null : of.advice,
    // Errors of drivers may repeat a URL.
    reason: reason === null ? null : withoutPasswords(reason),
  };
}

function queueInWords({ name, waiting, failed, dueSince }: QueueState, words: HealthWords): QueueDetails {
  const text = words.queues[name] ?? words.sinkQueue(name.replace(/^sink:/, ''));
  return { name, text, waiting, failed, dueSince: dueSince?.toISOString() ?? null };
}
