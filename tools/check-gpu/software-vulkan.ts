import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's chromium-common puts SwiftShader, a Vulkan device made of software, and a loader. */
const folder = '/usr/lib/chromium';
const driver = join(folder, 'vk_swiftshader_icd.json');

/** The environment in which WebGPU computes on SwiftShader, or undefined where it is not installed. */
export const softwareVulkan: Readonly<Record<string, string>> | undefined = [
  driver,
  join(folder, 'libvk_swiftshader.so'),
  join(folder, 'libvulkan.so.1'),
].every((file) => existsSync(file))
  ? { LD_LIBRARY_PATH: folder, VK_ICD_FILENAMES: driver }
  : undefined;
