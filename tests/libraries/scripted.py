"""Two TorchScript modules: one that computes, one that makes a file while it is loaded."""

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(2))

    def forward(self, x):
        return x * self.w


def writes(marker):
    class Writes(torch.nn.Module):
        path: torch.jit.Final[str]

        def __init__(self):
            super().__init__()
            self.w = torch.ones(2)
            self.path = str(marker)

        @torch.jit.export
        def __getstate__(self):
            return (self.w, self.training)

        @torch.jit.export
        def __setstate__(self, state: tuple[torch.Tensor, bool]):
            self.training = state[1]
            self.w = torch.from_file(self.path, True, 2)

        def forward(self, x):
            return x * self.w

    return Writes()
