import type { DeliveryState, SinkState, WebhookResponse } from '../api/schema.js';
import { Badge, type Tone } from '../components/badge.js';
import { useWords } from '../language/language.js';
import { words } from './words.js';

type State = keyof (typeof words)['en']['states'];

const TONES: Readonly<Record<State, Tone>> = {
  enabled: 'good',
  failing: 'warn',
  admin: 'neutral',
  stopped: 'bad',
  gone: 'bad',
};

function stateOf({ enabled, disabledReason, failingSince }: WebhookResponse): State {
  if (enabled) return failingSince === null ? 'enabled' : 'failing';
  return disabledReason === 'failing' ? 'stopped' : (disabledReason ?? 'admin');
}

/** Whether messages arrive; and if not, why. */
export function WebhookState({ webhook }: { readonly webhook: WebhookResponse }) {
  const { states } = useWords(words);
  const state = stateOf(webhook);
  return <Badge tone={TONES[state]}>{states[state]}</Badge>;
}

const DELIVERY_TONES: Readonly<Record<DeliveryState, Tone>> = { pending: 'info', delivered: 'good', failed: 'bad' };

export function DeliveryBadge({ state }: { readonly state: DeliveryState }) {
  const { deliveryStates } = useWords(words);
  return <Badge tone={DELIVERY_TONES[state]}>{deliveryStates[state]}</Badge>;
}

const SINK_TONES: Readonly<Record<SinkState, Tone>> = { running: 'good', late: 'warn', failing: 'bad', off: 'neutral' };

export function SinkBadge({ state }: { readonly state: SinkState }) {
  const { sinkStates } = useWords(words);
  return <Badge tone={SINK_TONES[state]}>{sinkStates[state]}</Badge>;
}
