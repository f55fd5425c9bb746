import type { IncomingMessage, ServerResponse } from 'node:http';
import { type BodyFault, sendBody } from './hub-server-body.js';
import {
  type HostedFile,
  type HostedRepository,
  readHostedRepository,
} from './hub-server-repository.js';

const PAGE_SIZE = 1000;

export interface HubRoutes {
  /** Folders by repository id; read again at every request, so that a test may change them. */
  readonly models?: Readonly<Record<string, string>>;
  readonly datasets?: Readonly<Record<string, string>>;
  /** Makes every repository gated: only this token may read files. */
  readonly requireToken?: string;
  /** Entries of a listing page; 1000 as on the Hub when absent. */
  readonly pageSize?: number;
}

/** An answer that is not a file: status, `X-Error-Code` and message. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
    message: string,
  ) {
    super(message);
  }
}

/** Answers as huggingface.co: the revision, tree and resolve endpoints of models and data sets. */
export async function answerAsHub(
  routes: HubRoutes,
  storageUrl: string,
  request: IncomingMessage,
  response: ServerResponse,
  fault: BodyFault | undefined,
): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const api = /^\/api\/(model|dataset)s\/(.+?)\/(revision|tree)\/([^/]+)$/.exec(url.pathname);
    const file = /^\/(datasets\/)?(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    if (api !== null) {
      const [, type = '', id = '', endpoint, revision = ''] = api;
      const folders = type === 'model' ? routes.models : routes.datasets;
      const repository = await findRepository(folders, id, revision, request);
      if (endpoint === 'tree') sendTree(response, url, repository, routes.pageSize ?? PAGE_SIZE);
      else sendJson(response, { id, sha: repository.commit, siblings: siblings(repository) });
    } else if (file !== null) {
      const [, dataset, id = '', revision = '', path = ''] = file;
      const folders = dataset === undefined ? routes.models : routes.datasets;
      const repository = await findRepository(folders, id, revision, request);
      assertMayRead(routes.requireToken, request);
      sendFile(storageUrl, request, response, repository, decodeURIComponent(path), fault);
    } else throw new Refusal(404, undefined, 'Not Found');
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code !== undefined) response.setHeader('X-Error-Code', error.code);
    response.setHeader('X-Error-Message', error.message);
    sendJson(response, { error: error.message }, error.status);
  }
}

/** Answers as the storage behind the Hub: large files by their SHA-256, to anyone. */
export async function answerAsStorage(
  routes: HubRoutes,
  request: IncomingMessage,
  response: ServerResponse,
  fault: BodyFault | undefined,
): Promise<void> {
  const sha256 = request.url?.slice(1);
  for (const folder of Object.values({ ...routes.models, ...routes.datasets })) {
    const { files } = await readHostedRepository(folder);
    const file = files.find((candidate) => candidate.sha256 === sha256);
    if (file !== undefined) return sendBody(request, response, file.content, fault);
  }
  response.writeHead(403).end();
}

async function findRepository(
  folders: HubRoutes['models'],
  id: string,
  revision: string,
  request: IncomingMessage,
): Promise<HostedRepository> {
  const folder = folders?.[id];
  if (folder === undefined) {
    // As the Hub does: strangers are not told whether a private repository exists.
    throw request.headers.authorization === undefined
      ? new Refusal(401, undefined, 'Invalid username or password.')
      : new Refusal(404, 'RepoNotFound', 'Repository not found');
  }
  const repository = await readHostedRepository(folder);
  if (['main', repository.commit].includes(decodeURIComponent(revision))) return repository;
  throw new Refusal(404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
}

function assertMayRead(token: string | undefined, { headers }: IncomingMessage): void {
  if (token === undefined || headers.authorization === `Bearer ${token}`) return;
  const status = headers.authorization === undefined ? 401 : 403;
  throw new Refusal(status, 'GatedRepo', 'Access to this repository is restricted.');
}

function sendTree(
  response: ServerResponse,
  url: URL,
  { files }: HostedRepository,
  pageSize: number,
): void {
  const cursor = Number(url.searchParams.get('cursor') ?? 0);
  const end = cursor + pageSize;
  if (end < files.length) {
    url.searchParams.set('cursor', String(end));
    response.setHeader('Link', `<${url.href}>; rel="next"`);
  }
  const folders = [...new Set(files.flatMap(({ path }) => path.split('/').slice(0, -1)))];
  const directories = cursor === 0 ? folders.map((path) => ({ type: 'directory', path })) : [];
  sendJson(response, [...directories, ...files.slice(cursor, end).map(treeEntry)]);
}

function treeEntry({ path, content, gitOid, sha256 }: HostedFile) {
  const size = content.length;
  const lfs = sha256 === undefined ? {} : { lfs: { oid: sha256, size, pointerSize: 134 } };
  return { type: 'file', path, oid: gitOid, size, ...lfs };
}

function sendFile(
  storageUrl: string,
  request: IncomingMessage,
  response: ServerResponse,
  { commit, files }: HostedRepository,
  path: string,
  fault: BodyFault | undefined,
): void {
  const file = files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Refusal(404, 'EntryNotFound', `${path} does not exist`);
  response.setHeader('X-Repo-Commit', commit);
  if (file.sha256 === undefined) {
    response.setHeader('ETag', `"${file.gitOid}"`);
    sendBody(request, response, file.content, fault);
    return;
  }
  response.setHeader('X-Linked-Etag', `"${file.sha256}"`);
  response.setHeader('X-Linked-Size', file.content.length);
  response.writeHead(302, { Location: `${storageUrl}/${file.sha256}` }).end();
}

function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

const siblings = ({ files }: HostedRepository) => files.map(({ path }) => ({ rfilename: path }));
