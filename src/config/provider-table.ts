import { appRedirects } from './app-redirects.js';
import * as parse from './parsers.js';
import * as provider from './provider-settings.js';
import { optional, secret, type Setting } from './setting.js';

/**
 * The settings of sign-in by other providers that have fixed names. Each provider has some of its own besides, which begin with its
 * id; `readProviders` reads them.
 */
export const PROVIDER_TABLE = {
  PROVIDERS: optional(
    provider.providerIds,
    'providers that users can sign in with, separated by commas: google, microsoft, apple, github, linkedin, or an id of your own; see docs/providers.md',
  ),
  TRUSTED_EMAIL_PROVIDERS: optional(
    provider.providerIds,
    'providers of these whose verified addresses are proof enough to link existing accounts, separated by commas',
  ),
  PROVIDERS_ALLOW_PRIVATE: optional(
    parse.flag,
    'whether providers may be at private and loopback addresses and internal names (default: not in production)',
  ),
  APP_REDIRECTS: optional(
    appRedirects,
    'redirect URIs of native apps that sign in by providers, e.g. com.example.app:/sign-in or http://127.0.0.1/sign-in (any port), separated by commas',
  ),
  GITHUB_URL: optional(provider.baseUrl, 'GitHub Enterprise Server, e.g. https://github.example.com'),
  GITHUB_API_URL: optional(provider.baseUrl, 'its API, e.g. https://github.example.com/api/v3'),
  APPLE_TEAM_ID: optional(provider.appleId, 'your team at Apple'),
  APPLE_KEY_ID: optional(provider.appleId, 'the key for Sign in with Apple'),
  APPLE_PRIVATE_KEY: secret(provider.appleKey, 'that key in PEM, with \\n for line breaks'),
} satisfies Record<string, Setting<unknown>>;
