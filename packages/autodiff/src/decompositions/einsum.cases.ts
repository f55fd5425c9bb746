import { str } from '@layersense/onnx-ir';
import type { FusedCase } from './fused.cases.js';

const equation = (text: string, ...inputs: (readonly number[])[]): FusedCase => ({
  key: 'Einsum',
  about: text,
  inputs,
  attributes: { equation: str(text) },
});

export const einsumCases: readonly FusedCase[] = [
  equation('ij,jk->ik', [2, 3], [3, 4]),
  equation('ij,jk->ik', [3, 3], [3, 3]),
  equation('ij,kj->ik', [2, 3], [4, 3]),
  equation('ij,kj->ki', [2, 3], [4, 3]),
  equation('bsd,dh->bsh', [2, 3, 4], [4, 5]),
  equation('bsd,hd->bsh', [2, 3, 4], [5, 4]),
  equation('bsd,hdk->bhsk', [2, 3, 4], [5, 4, 2]),
  equation('bshk,hkd->bsd', [2, 3, 5, 2], [5, 2, 4]),
  equation('b h i d , b h j d -> b h i j', [2, 3, 4, 5], [2, 3, 2, 5]),
  equation('bhij,bhjd->bhid', [2, 3, 4, 5], [2, 3, 5, 2]),
  equation('bihd,bjhd->bhij', [2, 4, 3, 5], [2, 2, 3, 5]),
  equation('bhij,bjhd->bihd', [2, 3, 4, 5], [2, 5, 3, 2]),
  equation('...qc,...kc->...qk', [2, 3, 4, 5], [2, 3, 2, 5]),
  equation('...d,de', [2, 3, 4], [4, 5]),
  equation('i,j->ij', [3], [4]),
  equation('bi,bj->bij', [2, 3], [2, 4]),
  equation('ij,ij->ij', [2, 3], [2, 3]),
  equation('ij,j->ji', [2, 3], [3]),
  equation('i,i->', [3], [3]),
  equation('i,i', [3], [3]),
  equation('bij,bjk->ik', [2, 3, 4], [2, 4, 5]),
  equation('bij,jkl->bik', [2, 3, 4], [4, 5, 2]),
  equation('ij->ji', [2, 3]),
  equation('ijk->ik', [2, 3, 4]),
  equation('ij->', [2, 3]),
  equation('ba', [2, 3]),
];
