"""Relevance through LSTM and GRU steps for functions.py (Arras et al. 2019: the signal takes all, gates take nothing).

  LSTM  c' = f c + i g, h' = o tanh(c'): by positive parts to f c and i g; g's pre-activation is one linear function of x and h
  GRU   h' = (1 - z) n + z h likewise; n's pre-activation is the sum of W x and r (R h), with their biases
  cells as the exporter writes them: h' = (h - n) z + n, and sums of a linear function of x and one of h
"""

import torch


def gate(x):
    x.gate = True
    return x


class Steps:
    """`rules`: the functions of functions.Relevance that the steps are made of."""

    def __init__(self, rules, carry):
        self.rules, self.carry = rules, carry

    def joined(self, x, h, weight, recurrent, bias):
        """One linear function of x and h."""
        return self.rules.linear(self.carry(torch.cat, [x, h], 1), torch.cat([weight, recurrent], 1), bias)

    def sigmoid(self, x):
        return gate(self.rules.pass_(torch.sigmoid(x), x))

    def tanh(self, x):
        return self.rules.pass_(torch.tanh(x), x)

    def lstm(self, pre, c):
        """Pre-activations in PyTorch's order i f g o."""
        i, f, g, o = pre.chunk(4, 1)
        i, f, g, o = self.sigmoid(i), self.sigmoid(f), self.tanh(g), self.sigmoid(o)
        add, mul = self.rules.add, self.rules.mul
        after = add(mul(f, c), mul(i, g))
        return mul(o, self.tanh(after)), after

    def lstm_step(self, x, h, c, weight, recurrent, bias, recurrent_bias):
        return self.lstm(self.joined(x, h, weight, recurrent, bias + recurrent_bias), c)

    def lstm_cell(self, x, h, c, weight, recurrent, bias, recurrent_bias):
        linear = self.rules.linear
        return self.lstm(self.rules.add(linear(x, weight, bias), linear(h, recurrent, recurrent_bias)), c)

    def gru_parts(self, x, h, weight, recurrent, bias, recurrent_bias):
        """z, n in PyTorch's order r z n."""
        rules = self.rules
        of_x, of_h = rules.linear(x, weight, bias).chunk(3, 1), rules.linear(h, recurrent, recurrent_bias).chunk(3, 1)
        r, z = (self.sigmoid(rules.add(a, b)) for a, b in zip(of_x[:2], of_h[:2], strict=True))
        return z, self.tanh(rules.add(of_x[2], rules.mul(r, of_h[2])))

    def gru_step(self, x, h, *weights):
        z, n = self.gru_parts(x, h, *weights)
        rest = gate(self.rules.pass_(1 - z, z))
        return self.rules.add(self.rules.mul(rest, n), self.rules.mul(z, h))

    def gru_cell(self, x, h, *weights):
        z, n = self.gru_parts(x, h, *weights)
        return self.rules.add(self.rules.mul(self.rules.sub(h, n), z), n)

    def lstm_layers(self, x, memory, weights, layers):
        """x [B, T, n], h and c [layers, B, m] → outputs [B, T, m] of the last layer, h, c."""
        h, c = (list(m.unbind(0)) for m in memory)
        frames = [self.carry(torch.Tensor.__getitem__, x, (slice(None), t)) for t in range(x.shape[1])]
        for layer in range(layers):
            own = weights[4 * layer : 4 * layer + 4]
            for t, frame in enumerate(frames):
                h[layer], c[layer] = self.lstm_step(frame, h[layer], c[layer], *own)
                frames[t] = h[layer]
        return torch.stack(frames, 1), torch.stack(h), torch.stack(c)

    def gru_layers(self, x, memory, weights, layers):
        h = list(memory.unbind(0))
        frames = [self.carry(torch.Tensor.__getitem__, x, (slice(None), t)) for t in range(x.shape[1])]
        for layer in range(layers):
            for t, frame in enumerate(frames):
                h[layer] = frames[t] = self.gru_step(frame, h[layer], *weights[4 * layer : 4 * layer + 4])
        return torch.stack(frames, 1), torch.stack(h)
