"""The resources' rules as files people read, and how they judge what an application says."""
