/** CPU and memory of this process. */
export interface Usage {
  cpuMs: number
  residentBytes: number
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, residentBytes: process.memoryUsage.rss() }
}
