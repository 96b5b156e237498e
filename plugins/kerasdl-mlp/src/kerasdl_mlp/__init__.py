"""A kerasdl plugin: perceptron; linear, logistic and softmax regression; multilayer perceptron."""
