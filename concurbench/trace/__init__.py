"""Watch a model while it runs, and draw afterwards which unit did what when.

``recorder``  within the model's processes: notes the calls of functions that it was told to watch
``unit``      what an execution unit is called: main thread, thread 2, process 1, task 5
``call``      a call as it was noted, and how notes become calls
``inside``    the model's own process, as it starts
``process``   the same seen from the program: its calls as they come, its answers, its end
``lookups``   within the model's process: what waits for ``socket.getaddrinfo``
``steps``     within the model's process: what the functions of its file do, step by step
``span``      what a unit did for some time
``rows``      spans in rows, one a unit; tasks of an event loop share them
``chart``     the time line for a terminal
``picture``   the time line as an SVG
``line``      a line of the terminal that changes
``loop``      an event loop, by the beats of a task in it
``program``   what the programs have in common: options, sentences, exit codes

The model is in a process of its own, so that what watches it takes nothing from it, not its interpreter
lock, and can end it at any time, whatever it is doing. It knows no workload.
"""
