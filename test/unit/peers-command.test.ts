import { describe, expect, it } from '@jest/globals';
import { askedFor } from '../../bench/peers/asked-for.mjs';

describe('What `npm run bench:peers` is asked for', () => {
  it('is systems by name, and targets anywhere with their options', () => {
    const words = '--target keycloak=https://sso.example.com/auth/ --option keycloak.password=a=b.c kratos --quick';
    expect(askedFor(words.split(' '))).toEqual({
      others: ['keycloak', 'kratos'],
      targets: { keycloak: 'https://sso.example.com/auth' },
      pids: {},
      options: { keycloak: { password: 'a=b.c' } },
    });
  });

  it('may be a Roster elsewhere, whose processes are here', () => {
    const words = ['--target', 'roster=http://localhost:3000', '--pids', `roster=${process.pid}`, 'better-auth'];
    expect(askedFor(words)).toMatchObject({ others: ['better-auth'], pids: { roster: [process.pid] } });
  });

  it.each([
    ['', 'Name a system'],
    ['nobody', 'nobody is no system that is known here'],
    ['--target keycloak', '--target keycloak: a name, = and a value'],
    ['--target nobody=http://localhost', 'nobody is no system'],
    ['--target keycloak=localhost:8080', '--target keycloak=localhost:8080: a base URL'],
    ['--target keycloak=http://localhost?realm=one', 'a base URL is expected'],
    ['--target keycloak=http://localhost --pids keycloak=none', 'process none does not run here'],
    ['--pids kratos=1', '--pids kratos: '],
    ['--option password=secret keycloak', '--option password: <system>.<name>=<value>'],
    ['--url http://localhost', "Unknown option '--url'"],
  ])('refuses `%s`, and says why', (words, why) => {
    expect(() => askedFor(words.split(' ').filter(Boolean))).toThrow(why);
  });
});
