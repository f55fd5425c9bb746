/** What each image answers, by HTTP. production-install.test.ts asks the running processes. */
export const servedRoutes: Readonly<Record<string, readonly string[]>> = {
  'layersense-api': ['/healthz', '/readyz', '/metrics'],
  'layersense-worker': ['/healthz', '/readyz', '/metrics'],
  'layersense-worker-cuda': ['/healthz', '/readyz', '/metrics'],
};

/** `registry.example.com/layersense-api:0.2.0` → `layersense-api`. */
export function imageName(image: string): string {
  return image.replace(/^.*\//, '').replace(/[:@].*$/, '');
}
