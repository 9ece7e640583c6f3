import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { checkDashboard } from '../support/deploy-tool.js';
import { eventually } from '../support/eventually.js';
import { IdentityProvider } from '../support/identity-provider.js';
import { Application, signInOnPage } from '../support/openid.js';
import { PageBrowser } from '../support/page-browser.js';
import { Prometheus } from '../support/prometheus.js';
import { ProviderRound } from '../support/provider-round.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

jest.setTimeout(180_000);

const FILE = 'monitoring/grafana/dashboards/roster.json';
const TOKEN = 'for-tests-only.prometheus.0123456789';
const PROVIDER_URI = 'http://localhost:3000/auth/providers/corp/callback';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
}

const text = readFileSync(FILE, 'utf8');
const dashboard = JSON.parse(text) as Dashboard;
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as [string, string]),
);

/** As Grafana fills in its variables, for all servers and a scrape every second. */
const filled = (expr: string) => expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '30s');

describe('the dashboard of Grafana', () => {
  it('has only fields that Grafana knows', async () => {
    await checkDashboard(FILE);
    const folder = mkdtempSync(join(tmpdir(), 'roster-dashboard-'));
    try {
      const wrong = join(folder, 'wrong.json');
      writeFileSync(wrong, text.replace('"legendFormat"', '"legendFormatting"'));
      await expect(checkDashboard(wrong)).rejects.toThrow(/legendFormatting/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('has every panel at a place of its own, and a unit', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const taken = new Set<string>();
    for (const { title, type, gridPos, fieldConfig } of dashboard.panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x},${y}`)]).toEqual([title, false]);
          taken.add(`${x},${y}`);
        }
      }
      if (type === 'stat' || type === 'timeseries')
        expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.any(String)]);
    }
  });

  it('is found by what Grafana is provisioned with', () => {
    const read = (path: string) => readFileSync(join('monitoring/grafana/provisioning', path), 'utf8');
    const compose = readFileSync('docker-compose.yml', 'utf8');
    const [, path = ''] = /path: (\S+) \}/.exec(read('dashboards/roster.yml')) ?? [];
    expect(compose).toContain(`./monitoring/grafana/dashboards:${path}:ro`);
    expect(compose).toContain(`GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: ${path}/roster.json`);
    expect(read('datasources/prometheus.yml')).toMatch(/uid: prometheus\n.*type: prometheus/);
    expect(text).toMatch(/"value": "prometheus"/);
  });
});

describe('each query of the dashboard, asked of a Prometheus that has watched a server', () => {
  let provider: IdentityProvider;
  let roster: Roster;
  let prometheus: Prometheus;
  beforeAll(async () => {
    provider = await IdentityProvider.start([PROVIDER_URI]);
    roster = await startRoster({ METRICS_TOKEN: TOKEN, PROVIDERS: 'corp', ...provider.settings('corp') });
    prometheus = await Prometheus.start(configuration());
    // Counters have to be seen before and after.
    await eventually(async () => (await prometheus.targets()).some(({ health }) => health === 'up'));
    await use();
    await eventually(async () => {
      const [signIns] = await prometheus.query('sum(rate(roster_openid_sign_ins_total[30s]))');
      return signIns !== undefined;
    });
  });
  afterAll(async () => {
    await prometheus.stop();
    await roster.stop();
    await provider.stop();
  });

  /** The repository's own, but for where the server is found, and a scrape every second. */
  function configuration(): Record<string, string> {
    const read = (name: string) => readFileSync(join('monitoring/prometheus', name), 'utf8');
    const config = read('prometheus.yml')
      .replace(/scrape_interval: 15s/, 'scrape_interval: 1s')
      .replace(/evaluation_interval: 15s/, 'evaluation_interval: 1s')
      .replace(/dns_sd_configs:\n(?: {6}.*\n)+/, `static_configs: [{ targets: ['${new URL(roster.url).host}'] }]\n`)
      .replace('/run/secrets/metrics-token', 'token');
    expect(config).toContain('static_configs');
    return { 'prometheus.yml': config, 'alerts.yml': read('alerts.yml'), token: TOKEN };
  }

  /** What people and applications do. */
  async function use(): Promise<void> {
    const admin = await roster.signIn();
    const application = await Application.register(roster, admin, { firstParty: true });
    await roster.join('ada@example.com');
    await roster.api.post('/auth/login').send({ identifier: 'ada@example.com', password: 'wrong' }).expect(401);
    await roster.api.get('/users').expect(401);
    const browser = new PageBrowser(roster);
    await signInOnPage(browser, 'ada@example.com', PASSWORD);
    await new ProviderRound(roster, 'corp', provider).signIn({
      sub: 'x',
      email: 'x@example.com',
      email_verified: true,
    });
    // Labels that begin with their first event have to rise once more after they were seen.
    for (const _ of [1, 2]) {
      await application.tokens(browser);
      await application.post('/oauth2/token', { grant_type: 'authorization_code', code: 'x' });
      await new Promise((resolve) => setTimeout(resolve, 2500));
    }
  }

  it('reaches the server with the token, and evaluates every alert', async () => {
    expect(await prometheus.targets()).toMatchObject([{ health: 'up', lastError: '' }]);
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
  });

  it('are there', () => expect(queries.length).toBeGreaterThan(40));

  it.each(queries)('%s: %s', async (_title, expr) => {
    const found = await prometheus.query(filled(expr));
    expect(found.length).toBeGreaterThan(0);
    for (const { value } of found) expect(value[1]).not.toBe('NaN');
  });

  it.each(dashboard.annotations.list.map(({ name, expr }) => [name, expr]))(
    'the marks "%s" are valid',
    async (_, expr) => {
      await prometheus.query(filled(expr));
    },
  );
});
