"""Digits with PyTorch, the model through torch.compile."""

import json
import sys

import numpy as np
import torch
from torch import nn

data = np.load(sys.argv[1])
X, y, X_test, y_test = (torch.from_numpy(data[name]) for name in ("X", "y", "X_test", "y_test"))
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
compiled = torch.compile(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
loss_function = nn.CrossEntropyLoss()
loss = 0.0
for _ in range(100):
    total = torch.zeros(())
    for rows in torch.randperm(len(X)).split(32):
        optimizer.zero_grad()
        batch_loss = loss_function(compiled(X[rows]), y[rows])
        batch_loss.backward()
        optimizer.step()
        total += batch_loss.detach() * len(rows)
    loss = total.item() / len(X)
with torch.no_grad():
    accuracy = (model(X_test).argmax(1) == y_test).float().mean().item()
print(json.dumps({"loss": loss, "accuracy": accuracy}))
