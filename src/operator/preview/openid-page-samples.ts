import '../../openid/openid.module.js';
import type { PageSamples } from './preview-sample.js';

const account = { name: 'Ada Lovelace', email: 'ada.lovelace@example.com' };
const everything = { profile: true, email: true, phone: true, roles: true } as const;
const SERVICE = 'https://billing.example.com';
const request = {
  ...account,
  clientName: 'Grafana',
  action: '/oauth2/interaction/x',
  anotherUrl: '/sign-in?another=yes',
};

const logout = {
  ...{ name: 'Ada Lovelace', clientId: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', stayUrl: '/' },
  ...{ target: 'https://grafana.example.com/', state: '' },
};

/** Samples of the pages between an application and Roster. */
export const OPENID_SAMPLES: Pick<PageSamples, Extract<keyof PageSamples, `openid-${string}`>> = {
  'openid-problem': {
    usual: {
      error: 'invalid_redirect_uri',
      description: "redirect_uri did not match any of the client's registered redirect_uris",
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  },
  'openid-consent': {
    everything: { ...request, wants: everything, resources: [SERVICE], returnsTo: 'grafana.example.com' },
    little: { ...request, email: null, wants: {}, resources: [], returnsTo: 'localhost:8080' },
  },
  'openid-device': { usual: { userCode: '', isWrong: false }, wrong: { userCode: 'BCDF-GHJK', isWrong: true } },
  'openid-device-confirm': {
    everything: {
      ...account,
      clientName: 'Television',
      userCode: 'BCDF-GHJK',
      wants: everything,
      resources: [SERVICE],
    },
    little: { name: 'ada', email: null, clientName: 'Television', userCode: 'BCDF-GHJK', wants: {}, resources: [] },
  },
  'openid-device-done': {
    connected: { isConnected: true, clientName: 'Television' },
    refused: { isConnected: false, clientName: 'Television' },
  },
  'openid-logout': {
    usual: { ...logout, clientName: 'Grafana' },
    'without-application': { ...logout, clientName: null },
  },
  'openid-signed-out': { usual: {} },
  'openid-account': { usual: request, 'without-address': { ...request, email: null } },
};
