import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Settings } from '../config/settings.js';

type SamplerSettings = Pick<Settings, 'OTEL_TRACES_SAMPLER' | 'OTEL_TRACES_SAMPLER_ARG'>;

const PARENT_BASED = 'parentbased_';

/** `OTEL_TRACES_SAMPLER`. */
export function samplerOf(settings: SamplerSettings): Sampler {
  const root = rootSamplerOf(settings);
  return settings.OTEL_TRACES_SAMPLER.startsWith(PARENT_BASED) ? new ParentBasedSampler({ root }) : root;
}

/** What decides about traces that begin here. */
export function rootSamplerOf({
  OTEL_TRACES_SAMPLER: name,
  OTEL_TRACES_SAMPLER_ARG: share = 1,
}: SamplerSettings): Sampler {
  switch (name.replace(PARENT_BASED, '')) {
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(share);
    default:
      return new AlwaysOnSampler();
  }
}
