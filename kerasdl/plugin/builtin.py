"""The data sets that kerasdl itself offers by name."""

from kerasdl.plugin.types import Dataset

_IMAGES, _TABLE = ("image-classification",), ("tabular-classification",)
_SKLEARN = "scikit-learn (inside the package)"
_SKLEARN_LICENSE = "BSD-3-Clause (scikit-learn)"

DATASETS: tuple[Dataset, ...] = (
    Dataset(
        name="digits",
        summary="1,797 scanned digits, 8x8 grey, 10 classes",
        tasks=_IMAGES,
        loader="kerasdl.data.embedded:digits",
        source=_SKLEARN,
        license=_SKLEARN_LICENSE,
    ),
    Dataset(
        name="iris",
        summary="150 flowers, 4 lengths, 3 species",
        tasks=_TABLE,
        loader="kerasdl.data.embedded:iris",
        source=_SKLEARN,
        license=_SKLEARN_LICENSE,
    ),
    Dataset(
        name="wine",
        summary="178 wines, 13 chemical measures, 3 cultivars",
        tasks=_TABLE,
        loader="kerasdl.data.embedded:wine",
        source=_SKLEARN,
        license=_SKLEARN_LICENSE,
    ),
    Dataset(
        name="breast-cancer",
        summary="569 tumours, 30 measures of cell nuclei, malignant or benign",
        tasks=_TABLE,
        loader="kerasdl.data.embedded:breast_cancer",
        source=_SKLEARN,
        license=_SKLEARN_LICENSE,
    ),
    Dataset(
        name="diabetes",
        summary="442 patients, 10 measures, progression after a year",
        tasks=("tabular-regression",),
        loader="kerasdl.data.embedded:diabetes",
        source=_SKLEARN,
        license=_SKLEARN_LICENSE,
    ),
    Dataset(
        name="mnist",
        summary="70,000 handwritten digits, 28x28 grey, 10 classes",
        tasks=_IMAGES,
        loader="kerasdl.data.named:mnist",
        source="KERASDL_DATA, or keras.datasets.mnist",
        network=True,
    ),
    Dataset(
        name="fashion-mnist",
        summary="70,000 pictures of clothes, 28x28 grey, 10 classes",
        tasks=_IMAGES,
        loader="kerasdl.data.named:fashion_mnist",
        source="KERASDL_DATA, or keras.datasets.fashion_mnist",
        license="MIT",
        network=True,
    ),
    Dataset(
        name="cifar10",
        summary="60,000 photographs, 32x32 colour, 10 classes",
        tasks=_IMAGES,
        loader="kerasdl.data.named:cifar10",
        source="KERASDL_DATA, or keras.datasets.cifar10",
        network=True,
    ),
    Dataset(
        name="cifar100",
        summary="60,000 photographs, 32x32 colour, 100 classes",
        tasks=_IMAGES,
        loader="kerasdl.data.named:cifar100",
        source="KERASDL_DATA, or keras.datasets.cifar100",
        network=True,
    ),
    Dataset(
        name="imdb",
        summary="50,000 film reviews, last 256 words, positive or negative",
        tasks=("text-classification",),
        loader="kerasdl.data.named:imdb",
        source="KERASDL_DATA, or keras.datasets.imdb",
        network=True,
    ),
)
