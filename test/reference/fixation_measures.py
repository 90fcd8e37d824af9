"""Measures of a saliency map against fixations (Nikulin et al. 2019, section 4.3), by SciPy."""

import numpy as np
from scipy import ndimage, stats


def nss(saliency, fixated):
    return np.average(stats.zscore(saliency, axis=None), weights=fixated)


def divergence(saliency, fixated):
    blurred = ndimage.gaussian_filter(fixated.astype(float), 5, mode="mirror", truncate=4)
    return stats.entropy(blurred.ravel(), saliency.ravel())


def shuffled(saliency, fixated, others):
    at = lambda counts: np.repeat(saliency.ravel(), counts.ravel())
    found, missed = at(fixated), at(others)
    return stats.mannwhitneyu(found, missed).statistic / (len(found) * len(missed))
