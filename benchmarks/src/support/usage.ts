import { readFileSync } from 'node:fs'

/** CPU and memory of a process. */
export interface Usage {
  cpuMs: number
  residentBytes: number
}

/** CPU and memory of this process, and for how long its main thread could have run but had no CPU. */
export interface OwnUsage extends Usage {
  waitedMs: number
}

/** Of this process. */
export function usage(): OwnUsage {
  const { user, system } = process.cpuUsage()
  return {
    cpuMs: (user + system) / 1000,
    residentBytes: process.memoryUsage.rss(),
    waitedMs: waitedMs()
  }
}

/** As Linux tells it, in nanoseconds behind those that it has run; 0 elsewhere. */
function waitedMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

/** Of another process, as Linux tells it (proc(5)): its clock ticks a hundred times a second on every platform of Node. */
export function usageOf(pid: number): Usage {
  // The name in parentheses may hold anything, blanks too: count from behind it.
  const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
  const values = fields.split(' ')
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return { cpuMs: (Number(values[11]) + Number(values[12])) * 10, residentBytes: Number(resident) * 1024 }
}
