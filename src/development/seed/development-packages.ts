import type { Faker } from '@faker-js/faker';
import { MissingPackage } from '../../server/start-failure.js';

interface Bar {
  start(total: number): void;
  add(count: number): void;
  stop(): void;
}

/** @throws MissingPackage where they are left out, as in production */
export async function developmentPackages(): Promise<{ fakers: Faker[]; bar: Bar }> {
  try {
    const { fakerCS_CZ, fakerDE, fakerEN, fakerES, fakerFR, fakerPL, fakerSV, fakerTR } =
      await import('@faker-js/faker');
    const { default: progress } = await import('cli-progress');
    const fakers = [fakerEN, fakerDE, fakerES, fakerFR, fakerPL, fakerCS_CZ, fakerSV, fakerTR];
    const format =
      '{bar} {percentage}% | {value} of {total} users | {rate} a second | {duration_formatted} | {eta_formatted} left';
    const bar = new progress.SingleBar({ format, noTTYOutput: true, etaBuffer: 50 }, progress.Presets.shades_classic);
    let [done, begin] = [0, 0];
    return {
      fakers,
      bar: {
        start: (total) => {
          begin = performance.now();
          bar.start(total, 0, { rate: 0 });
        },
        add: (count) => {
          done += count;
          bar.increment(count, { rate: Math.round((done * 1000) / (performance.now() - begin)) });
        },
        stop: () => bar.stop(),
      },
    };
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new MissingPackage('Seeding', ['@faker-js/faker', 'cli-progress']);
  }
}
