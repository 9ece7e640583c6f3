import { readdirSync, readFileSync } from 'node:fs';
import { parentOf, processorSeconds } from './processor.mjs';

/** Processes with all that they have begun, and what those have begun, as far as they run. */
export function treeOf(pids) {
  const parents = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [[Number(name), parentOf(name)]] : []));
  const found = new Set(pids);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/**
 * Counts the processor time of processes and their offspring. One that ends between two looks keeps what it had used at the last one.
 * @returns gives, when called, the seconds so far
 */
export function processorMeter(pids) {
  const seen = new Map();
  return () => {
    for (const pid of treeOf(pids())) {
      try {
        seen.set(pid, processorSeconds(pid));
      } catch {
        // It has ended in between.
      }
    }
    return [...seen.values()].reduce((sum, seconds) => sum + seconds, 0);
  };
}

/** MiB of processes and their offspring together (proc(5), smaps_rollup): what several share counts once. */
export function memoryOf(pids) {
  return memoryByProcess(pids).reduce((sum, one) => sum + one, 0);
}

/** MiB of each of them, without those that have ended. */
export function memoryByProcess(pids) {
  return treeOf(pids).flatMap((pid) => {
    try {
      return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
    } catch {
      return [];
    }
  });
}

/**
 * MiB that they would take if nothing else on the machine ran the same programs, such as this measurement, which shares Node.js' own
 * 60 MB with the server: of each file, what the process has of it that has most of it.
 */
export function memoryAlone(pids) {
  let anonymous = 0;
  const files = new Map();
  for (const pid of treeOf(pids)) {
    for (const [file, { pss, rss }] of mappingsOf(pid)) {
      if (file.startsWith('/')) files.set(file, Math.max(files.get(file) ?? 0, rss));
      else anonymous += pss;
    }
  }
  return [...files.values()].reduce((sum, rss) => sum + rss, anonymous) / 1024;
}

/** Of each file, or `[heap]` and the like, in kB (proc(5), smaps). */
function mappingsOf(pid) {
  const seen = new Map();
  let entry;
  for (const line of smapsOf(pid)) {
    const [, file] = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$/.exec(line) ?? [];
    if (file !== undefined) {
      entry = seen.get(file) ?? { pss: 0, rss: 0 };
      seen.set(file, entry);
    }
    const [, name, kilobytes] = /^(Pss|Rss):\s+(\d+) kB/.exec(line) ?? [];
    if (name) entry[name.toLowerCase()] += Number(kilobytes);
  }
  return seen;
}

function smapsOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n');
  } catch {
    // It has ended.
    return [];
  }
}
