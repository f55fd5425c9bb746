/** What computes runs; `version` rises whenever the numbers or the stored form could change. */
export const engine = { name: 'layersense', version: '0.2.0' } as const;
