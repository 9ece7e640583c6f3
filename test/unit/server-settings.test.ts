import { describe, expect, it } from '@jest/globals';
import { loadSettings, SettingsError } from '../../src/config/settings.js';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    loadSettings(environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

describe('The end of a server', () => {
  it.each([
    [{ SHUTDOWN_DELAY: '5s' }, 'SHUTDOWN_TIMEOUT: expected at least 6 seconds more than SHUTDOWN_DELAY'],
    [{ SHUTDOWN_TIMEOUT: '3s' }, 'SHUTDOWN_TIMEOUT: expected at least 6 seconds more than SHUTDOWN_DELAY'],
    [{ SHUTDOWN_TIMEOUT: '30d' }, 'SHUTDOWN_TIMEOUT: expected at most 1h'],
  ])('has time for requests, and comes: %j', (environment, problem) =>
    expect(problemsOf(environment)).toEqual([problem]),
  );

  it('may take longer', () => expect(problemsOf({ SHUTDOWN_DELAY: '20s', SHUTDOWN_TIMEOUT: '1m' })).toEqual([]));
});

describe('PUBLIC_URL', () => {
  it.each([
    ['https://example.com/accounts', 'https://example.com/accounts'],
    ['https://example.com/accounts/', 'https://example.com/accounts'],
    ['https://example.com/a/b-c', 'https://example.com/a/b-c'],
    ['https://example.com/', 'https://example.com'],
  ])('may have a path: %s', (given, url) => expect(loadSettings({ PUBLIC_URL: given }).PUBLIC_URL).toBe(url));

  it.each(['https://example.com//x', 'https://example.com/a b', 'https://example.com/a?b', 'https://u@example.com'])(
    'has nothing else: %s',
    (given) => expect(problemsOf({ PUBLIC_URL: given })).toEqual([expect.stringMatching(/^PUBLIC_URL: expected/)]),
  );
});
