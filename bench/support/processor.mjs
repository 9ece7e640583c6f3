import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']));

/** What a process has used of the processor so far, its threads included (proc(5), utime and stime). */
export function processorSeconds(pid) {
  return used(pid).own;
}

/** As `processorSeconds`, with all the processes that it has begun, and those of them that have ended. */
export function familyProcessorSeconds(pid) {
  const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid);
  const running = children.reduce((sum, child) => sum + soFar(child), 0);
  const { own, ended } = used(pid);
  return running + own + ended;
}

/** Of one that has just ended, nothing: it counts with its parent then. */
function soFar(pid) {
  try {
    return processorSeconds(pid);
  } catch {
    return 0;
  }
}

/** @returns undefined when it has ended */
export function parentOf(pid) {
  try {
    return Number(fieldsOf(pid)[1]);
  } catch {
    return undefined;
  }
}

function used(pid) {
  const [utime, stime, cutime, cstime] = fieldsOf(pid)
    .slice(11, 15)
    .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  return { own: utime + stime, ended: cutime + cstime };
}

/** From the third on. */
function fieldsOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
}
